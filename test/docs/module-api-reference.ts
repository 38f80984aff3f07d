import { apiMethods, managerMethods } from '../../src/module-api/api-methods.js';
import { type ApiMember, readMembers } from './module-api-members.js';

/** The interfaces that `ModuleApi` consists of, with the headings of the reference. */
export const apiAreas = [
  ['Properties', 'server-properties', 'ServerProperties'],
  ['Registering', 'registration-api', 'RegistrationApi'],
  ['Accounts, logins and profiles', 'users-api', 'UsersApi'],
  ['Rooms and events', 'rooms-api', 'RoomsApi'],
  ['Presence', 'presence-api', 'PresenceApi'],
  ['Push notifications, mail and templates', 'messaging-api', 'MessagingApi'],
  ['Database, caches, time and background work', 'background-api', 'BackgroundApi'],
] as const;

/** The properties that are objects with methods of their own. */
const objects: Readonly<Record<string, readonly [file: string, name: string]>> = {
  httpClient: ['http-client', 'HttpClient'],
  publicRoomListManager: ['public-room-list-manager', 'PublicRoomListManager'],
  accountDataManager: ['account-data-manager', 'AccountDataManager'],
};

/** What rows say, as far as the reference shows it. */
interface ShownRow {
  readonly synapse: string;
  readonly by: 'synapse' | 'host';
  readonly changes: boolean;
  readonly deprecated?: string;
  readonly isAllowedInTransaction?: true;
}

const rows = new Map<string, ShownRow>([
  ...Object.entries(apiMethods),
  ...Object.entries(managerMethods).flatMap(([manager, methods]) =>
    Object.entries(methods).map(([name, row]: [string, ShownRow]) => [`${manager}.${name}`, row] as const),
  ),
]);

/** `docs/module-api.md`: every property and method of `ModuleApi`, from `src/module-api`. */
export function moduleApiReference(): string {
  const areas = apiAreas.map(([heading, file, name]) => ({ heading, members: readMembers(file, name) }));
  const count = areas.reduce((sum, { members }) => sum + members.length, 0);
  return `${[
    '# ModuleApi',
    '<!-- Made by `npm run docs` from src/module-api. Edit that, not this. -->',
    prose(count),
    areas.map(({ heading }) => `- [${heading}](#${anchorOf(heading)})`).join('\n'),
    ...areas.flatMap(({ heading, members }) => [`## ${heading}`, ...members.flatMap(memberSection)]),
  ].join('\n\n')}\n`;
}

function prose(count: number): string {
  return `What a module can do with its homeserver: the ${String(count)} properties and methods of Synapse's \`ModuleApi\`, in camel case. A module asks for it in its
constructor (\`constructor(private readonly api: ModuleApi)\`), imported as a value. Methods are asynchronous, those that register aside. Arguments that have a
default in Synapse are members of the last argument.

The same on both hosts: the embedded homeserver runs the methods itself; on a real Synapse those that are marked *run by Synapse* go over the socket,
and reject with \`SYNAPSE_CONNECTION_LOST\` when it is gone. Python's exceptions are \`HostError\` with the name of the exception as \`type\`, unless they are
\`SynapseError\`. Inside a database transaction all methods are refused with \`SYNAPSE_CALL_IN_TRANSACTION\`, but for those that say otherwise. The examples speak of \`api\`, \`userId\`, \`other\`,
\`roomId\`, \`roomAlias\`, \`request\`, a cached function \`scoreOf\` and a function \`cleanUp\`.`;
}

function memberSection(member: ApiMember): readonly string[] {
  const { name, type, comment, examples } = member;
  const own = objects[name];
  return [
    `### ${name}`,
    ...(member.deprecated === undefined ? [] : [`**Deprecated.** ${member.deprecated}`]),
    comment,
    `\`\`\`ts\n${name}: ${type}\n\`\`\``,
    factsOf(member),
    ...examples.map((code) => `For example:\n\n\`\`\`ts\n${code}\n\`\`\``),
    ...(own === undefined ? [] : readMembers(...own).flatMap((method) => ownSection(name, method))),
  ];
}

function ownSection(owner: string, { name, type, comment, throws }: ApiMember): readonly string[] {
  const path = `${owner}.${name}`;
  const row = rows.get(path);
  return [
    `#### ${path}`,
    comment,
    `\`\`\`ts\n${name}: ${type}\n\`\`\``,
    [...(row === undefined ? [] : rowFacts(row)), ...throws.map((text) => `- Throws: ${text}`)].join('\n'),
  ].filter((text) => text !== '');
}

function factsOf({ name, throws }: ApiMember): string {
  const row = rows.get(name);
  const facts = row === undefined ? [`- In Synapse: \`${snakeOf(name)}\``] : rowFacts(row);
  return [...facts, ...throws.map((text) => `- Throws: ${text}`)].join('\n');
}

function rowFacts({ synapse, by, changes, isAllowedInTransaction }: ShownRow): readonly string[] {
  return [
    `- In Synapse: \`${synapse}\`, ${by === 'synapse' ? 'run by Synapse' : 'run by the module host'}.`,
    `- ${changes ? 'Changes something' : 'Changes nothing'}${isAllowedInTransaction === true ? '; may be called inside a database transaction' : ''}.`,
  ];
}

/** Names without digits: those of properties and of methods that register. */
function snakeOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function anchorOf(heading: string): string {
  return heading.toLowerCase().replaceAll(',', '').replaceAll(' ', '-');
}
