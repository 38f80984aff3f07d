export { Actor } from './actor.js';
export { type TestAnswer } from './answer.js';
export { type RemoteEvent, RemoteServer } from './remote-server.js';
export { startHomeserver, TestHomeserver, type TestModule, type TestOptions } from './start-homeserver.js';
