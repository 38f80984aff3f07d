import type { Command, CommandOption } from './command.js';

const logOptions: readonly CommandOption[] = [
  { name: 'log-level', value: 'LEVEL', summary: 'debug, info, warn or error; info when absent' },
  { name: 'log-format', value: 'FORMAT', summary: 'text for people, json for machines; text when absent' },
];

/** Every command of `vesicle`: the help is made from this table. */
export const commands: readonly Command[] = [
  {
    name: 'dev',
    summary: 'runs a homeserver with the modules of FILE; reloads a module when its file changes',
    options: [
      {
        name: 'host',
        value: 'HOST',
        summary: 'embedded, or synapse: a real one, installed when it is first asked for; embedded when absent',
      },
      { name: 'try', value: 'TEXT', summary: 'makes a user and a room, and prints a curl line that sends TEXT there' },
      ...logOptions,
    ],
    run: async (call) => (await import('./dev.js')).dev(call),
  },
  {
    name: 'check',
    summary: 'checks FILE, or the bridge in a homeserver.yaml, without serving; lists what each module registers',
    options: [
      { name: 'json', summary: 'writes the result as JSON' },
      {
        name: 'directory',
        value: 'DIR',
        summary: 'where relative paths of modules in a homeserver.yaml start; the working directory when absent',
      },
    ],
    run: async (call) => (await import('./check.js')).check(call),
  },
  {
    name: 'schema',
    summary: 'writes the JSON Schema of FILE and the configurations of its modules, for editors',
    options: [],
    run: async (call) => (await import('./schema.js')).schema(call),
  },
  {
    name: 'new',
    summary: 'makes a folder with a module called NAME, its test, its configuration and a README',
    takesName: true,
    options: [],
    run: async (call) => (await import('./new.js')).newFolder(call),
  },
  {
    name: 'host',
    summary: 'runs the modules of the Synapse processes that connect to it',
    takesNoFile: true,
    options: [
      { name: 'listen', value: 'ADDRESS', summary: 'unix:PATH or tcp:HOST:PORT' },
      { name: 'stdio', summary: 'serves the Synapse that started it, over standard input and output' },
      { name: 'token-file', value: 'FILE', summary: 'holds what a bridge must know; VESICLE_TOKEN when absent' },
      {
        name: 'directory',
        value: 'DIR',
        summary: 'where relative paths of modules start; the working directory when absent',
      },
      { name: 'socket-mode', value: 'MODE', summary: 'permissions of the Unix socket, octal; 660 when absent' },
      ...logOptions,
    ],
    run: async (call) => (await import('./host.js')).host(call),
  },
  {
    name: 'bridge',
    summary: 'writes vesicle_bridge, the Python package that Synapse loads',
    takesNoFile: true,
    options: [
      { name: 'out', value: 'DIR', summary: 'a directory on the PYTHONPATH of Synapse' },
      { name: 'single-file', summary: 'writes one file, vesicle_bridge.py, for containers that mount it' },
    ],
    run: async (call) => (await import('./bridge.js')).bridge(call),
  },
];
