import type { Command } from './command.js';
import { commands } from './commands.js';
import { exitCodes } from './exit-codes.js';
import { textTable } from './text-table.js';

/** The file that commands read when none is named. */
export const defaultFile = 'vesicle.yaml';

/** The help of all commands. */
export function generalHelp(): string {
  return [
    'Usage: vesicle COMMAND [OPTIONS] [FILE]',
    '',
    `FILE is a configuration, ${defaultFile} when absent.`,
    '',
    'Commands:',
    textTable([
      ...commands.map((command) => [`  ${command.name}`, command.summary]),
      ['  COMMAND --help', 'shows the options of a command'],
      ['  --version, -v', 'shows the version'],
      ['  --help, -h', 'shows this help'],
    ]),
    '',
    'Exit codes:',
    textTable(Object.values(exitCodes).map(({ code, meaning }) => [`  ${code}`, meaning])),
    '',
  ].join('\n');
}

/** The help of one command. */
export function helpOf(command: Command): string {
  const options = [...command.options, { name: 'help', summary: 'shows this help' }];
  return [
    `Usage: vesicle ${command.name} [OPTIONS]${argumentOf(command)}`,
    '',
    `${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`,
    ...(argumentOf(command) === ' [FILE]' ? [`FILE is ${defaultFile} when absent.`] : []),
    '',
    'Options:',
    textTable(
      options.map((option) => [`  --${option.name}${'value' in option ? ` ${option.value}` : ''}`, option.summary]),
    ),
    '',
  ].join('\n');
}

function argumentOf({ takesNoFile, takesName }: Command): string {
  if (takesName) return ' NAME';
  return takesNoFile ? '' : ' [FILE]';
}
