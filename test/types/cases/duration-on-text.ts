// error: is not assignable to type 'Quantity'
import { Duration } from 'vesicle';

export class MuteConfig {
  @Duration() muteFor = '5d';
}
