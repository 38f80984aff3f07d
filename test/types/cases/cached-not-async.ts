// error: is not assignable to parameter of type 'TypedPropertyDescriptor<
import { Cached, Module } from 'vesicle';

@Module()
export class Scores {
  @Cached()
  scoreOf(word: string): number {
    return word.length;
  }
}
