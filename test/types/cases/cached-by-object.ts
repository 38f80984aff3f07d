// error: is not assignable to
import { Cached, type MatrixEvent, Module } from 'vesicle';

@Module()
export class Scores {
  @Cached()
  async scoreOf(event: MatrixEvent): Promise<number> {
    return event.type.length;
  }
}
