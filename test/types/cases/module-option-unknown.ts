// error: 'confg' does not exist in type 'ModuleOptions'
import { Module } from 'vesicle';

@Module({ confg: class {} })
export class Guard {}
