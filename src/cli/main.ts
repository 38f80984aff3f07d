import { parseArgs } from 'node:util';
import { didYouMean } from '../errors/nearest-name.js';
import type { Command, CommandCall } from './command.js';
import { commands } from './commands.js';
import { exitCodes } from './exit-codes.js';
import { defaultFile, generalHelp, helpOf } from './help.js';
import { reportError } from './report-error.js';
import { processTerminal, type Terminal } from './terminal.js';
import { packageVersion } from './package-version.js';

/** Runs `vesicle` with these arguments and ends the process with its exit code. */
export async function runCli(args: readonly string[]): Promise<void> {
  process.exitCode = await main(args, processTerminal());
  // What a module left running must not keep a process alive that is done; output is written first.
  process.stdout.write('', () => {
    process.exit();
  });
}

/** Runs `vesicle` with these arguments; answers with the exit code. */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const [first, ...rest] = args;
  if (first === '--version' || first === '-v' || first === '-V') return say(terminal, `${packageVersion()}\n`);
  if (first === undefined || first === 'help' || isHelp(first)) return say(terminal, generalHelp());
  const command = commands.find((candidate) => candidate.name === first);
  if (command === undefined) {
    const names = commands.map((candidate) => candidate.name);
    return misused(terminal, `There is no command "${first}".${didYouMean(first, names)}`);
  }
  if (rest.some(isHelp)) return say(terminal, helpOf(command));
  const call = readCall(command, rest, terminal);
  if (typeof call === 'string') return misused(terminal, call, command.name);
  try {
    return await command.run(call);
  } catch (error) {
    return reportError(error, terminal);
  }
}

function isHelp(argument: string): boolean {
  return argument === '--help' || argument === '-h';
}

function readCall(command: Command, args: readonly string[], terminal: Terminal): CommandCall | string {
  const options = Object.fromEntries(
    command.options.map((option) => [
      option.name,
      { type: option.value === undefined ? 'boolean' : 'string' } as const,
    ]),
  );
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [argument] = positionals;
    if (command.takesNoFile && argument !== undefined) return `It takes no file: ${argument}.`;
    if (positionals.length > 1) {
      return `Only one ${command.takesName ? 'name can be given' : 'file can be named'}, not ${positionals.join(' and ')}.`;
    }
    const given = Object.entries(values);
    return {
      file: argument ?? defaultFile,
      ...(command.takesName && argument !== undefined && { name: argument }),
      switches: new Set(given.flatMap(([name, value]) => (value === true ? [name] : []))),
      values: new Map(given.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []))),
      terminal,
    };
  } catch (error) {
    return misreading(command, error as Error);
  }
}

/** What Node says of arguments that it cannot read, but of unknown options it says what does not help. */
function misreading({ name, options }: Command, { message }: Error): string {
  const unknown = /^Unknown option '(-[^']*)'/.exec(message)?.[1];
  if (unknown === undefined) return message;
  const known = options.map((option) => `--${option.name}`).join(', ');
  return `"${name}" has no option "${unknown}". Its options: ${known}.`;
}

function say(terminal: Terminal, text: string): number {
  terminal.out(text);
  return exitCodes.done.code;
}

function misused(terminal: Terminal, problem: string, command?: string): number {
  terminal.error(`${problem}\nSee: vesicle ${command === undefined ? '' : `${command} `}--help\n`);
  return exitCodes.usage.code;
}
