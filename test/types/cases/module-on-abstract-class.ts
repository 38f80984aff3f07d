// error: Unable to resolve signature of class decorator when called as an expression.
import { Module } from 'vesicle';

@Module()
export abstract class Guard {}
