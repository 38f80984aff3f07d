import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test, type TestContext } from 'node:test';
import { BrowserPerson } from '../support/browser-person.js';
import { chromiumFile, openChromium, serveFolder } from '../support/chromium.js';
import { listen } from '../support/listening-homeserver.js';
import { RoomRules, WordFilter } from '../support/samples.js';

/** A built Cinny (docs/clients.md says how to get one), and where to put pictures of it. */
const cinny = process.env['VESICLE_CINNY'];
const pictures = process.env['VESICLE_PICTURES'];
const chromium = chromiumFile();

const picture = resolve('test/fixtures/teacup.png');
const editor = '[data-editable-name=RoomInput]';
const message = '[data-message-id]';

/** What Cinny asks in vain, of Synapse too. */
const expectedErrors = [
  '401 DELETE /_matrix/client/v3/devices/* -',
  '401 POST /_matrix/client/v3/register -',
  '403 POST /_matrix/client/v3/createRoom M_FORBIDDEN',
  '403 POST /_matrix/client/v3/login M_FORBIDDEN',
  '403 PUT /_matrix/client/v3/rooms/*/send/m.room.message/* M_FORBIDDEN',
  '403 PUT /_matrix/client/v3/rooms/*/state/m.room.name/ M_FORBIDDEN',
  '404 GET /_matrix/client/v3/directory/room/* M_NOT_FOUND',
  '404 GET /_matrix/client/v3/room_keys/version M_NOT_FOUND',
];

function skip(): string | false {
  if (cinny === undefined || !existsSync(join(cinny, 'index.html'))) return 'VESICLE_CINNY names no built Cinny';
  return chromium === undefined ? 'there is no Chromium on the PATH and VESICLE_CHROMIUM is not set' : false;
}

/** A homeserver with two modules, or one that runs already: VESICLE_CLIENT_HOMESERVER. */
async function homeserver(t: TestContext): Promise<string> {
  const running = process.env['VESICLE_CLIENT_HOMESERVER'];
  if (running !== undefined) return running;
  const rules = { public_room_creators: ['@alice:localhost'], names_are_permanent: true };
  // Cinny 4.2 does not know that creators of rooms of version 12 may do everything.
  return await listen(
    t,
    [
      [WordFilter, { banned_words: ['casino'], mute_for: 1 }],
      [RoomRules, rules],
    ],
    { default_room_version: '11' },
  );
}

async function say(person: BrowserPerson, text: string): Promise<void> {
  await person.fill(editor, text);
  await person.enter();
}

/** Waits for a text in the room, at its end: a picture that loads pushes that out of view, and Cinny stays where it was. */
async function hear(person: BrowserPerson, text: string): Promise<void> {
  const jump = "[...document.querySelectorAll('button')].find((button) => button.innerText === 'Jump to Latest')";
  await person.until(`(${jump}?.click(), document.body.innerText.includes(${JSON.stringify(text)}))`);
}

async function pick(person: BrowserPerson, text: string, item: string): Promise<void> {
  await hear(person, text);
  await person.rightClick({ css: message, text });
  await person.click({ text: item });
}

async function openSettings(person: BrowserPerson): Promise<void> {
  await person.see('Message Search');
  const isInSidebar = '({ x, width }) => x < 60 && width > 30 && width < 60';
  const buttons = `[...document.querySelectorAll('button')].filter((it) => (${isInSidebar})(it.getBoundingClientRect()))`;
  await person.evaluate(`${buttons}.at(-1).click()`);
  await person.see('Logout');
}

async function tokenOf(person: BrowserPerson): Promise<string> {
  return String(await person.evaluate('localStorage.cinny_access_token'));
}

async function makePublic(person: BrowserPerson, name: string, address: string, topic: string): Promise<void> {
  await person.click({ text: 'Create Room' });
  await person.click({ text: 'Private' });
  await person.click({ text: 'Public (anyone can join)' });
  await person.fill('.create-room input[placeholder=my_address]', address);
  await person.fill('.create-room textarea[name=topic]', topic);
  await person.fill('.create-room input[name=name]', name);
}

test('Cinny works against the embedded homeserver', { skip: skip(), timeout: 300_000 }, async (t) => {
  const url = await homeserver(t);
  const site = await serveFolder(t, cinny ?? '', (path) => (path.endsWith('/olm.wasm') ? '/olm.wasm' : path));
  const browser = await openChromium(t, chromium ?? '');
  const alice = await BrowserPerson.sitDown(browser);
  const bob = await BrowserPerson.sitDown(browser);
  const server = encodeURIComponent(url);

  let hasFailed = false;
  const step = (title: string, action: () => Promise<void>): Promise<void> =>
    t.test(title, { skip: hasFailed && 'an earlier step failed' }, async () => {
      try {
        await action();
      } catch (error) {
        hasFailed = true;
        for (const [name, person] of Object.entries({ alice, bob })) {
          // What failed is what is to be seen, with a picture or without.
          await person.photograph(pictures, `failed-${name}`).catch((problem: unknown) => {
            t.diagnostic(`No picture of ${name}: ${String(problem)}`);
          });
        }
        throw error;
      }
    });

  await step('a user registers', async () => {
    await alice.visit(`${site}/register/${server}/`);
    await alice.fill('[name=usernameInput]', 'alice');
    await alice.fill('[name=passwordInput]', "alice's secret");
    await alice.fill('[name=confirmPasswordInput]', "alice's secret");
    await alice.enter();
    await alice.see('You do not have any rooms yet.');
  });

  await step('a user logs in, with the right password only', async () => {
    const body = { username: 'bob', password: "bob's secret", auth: { type: 'm.login.dummy' }, inhibit_login: true };
    await fetch(`${url}/_matrix/client/v3/register`, { method: 'POST', body: JSON.stringify(body) });
    await bob.visit(`${site}/login/${server}/`);
    await bob.fill('[name=usernameInput]', 'bob');
    await bob.fill('[name=passwordInput]', 'a guess');
    await bob.enter();
    await bob.see('Invalid Username or Password');
    await bob.fill('[name=passwordInput]', "bob's secret");
    await bob.photograph(pictures, 'cinny-login');
    await bob.enter();
    await bob.see('You do not have any rooms yet.');
  });

  await step('a public room is created', async () => {
    await makePublic(alice, 'Tea', 'alice-tea', 'Earl Grey, mostly');
    await alice.click({ css: '.create-room button[type=submit]' });
    await alice.see('alice changed room topic');
  });

  await step('the refusal of a room by a module is shown', async () => {
    await makePublic(bob, 'Coffee', 'bob-coffee', 'Black');
    await bob.click({ css: '.create-room button[type=submit]' });
    await bob.see('Something went wrong!');
    await bob.photograph(pictures, 'cinny-room-refused');
    await bob.visit(`${site}/explore/localhost/`);
  });

  await step('the room is found in the directory and joined', async () => {
    await bob.see('Earl Grey, mostly');
    await bob.photograph(pictures, 'cinny-directory');
    await bob.click({ text: 'Join' });
    await bob.click({ text: 'View' });
    await bob.see('bob joined the room');
    await alice.see('bob joined the room');
  });

  await step('messages arrive, both ways', async () => {
    await say(alice, 'One lump or two?');
    await hear(bob, 'One lump or two?');
    await say(bob, 'None, thank you.');
    await hear(alice, 'None, thank you.');
  });

  await step('a message that a module refuses is seen by nobody else', async () => {
    // Cinny gives up what waits behind a refused message, too.
    await bob.whileRefused('/send/', () => say(bob, 'Or shall we go to the casino?'));
    await say(bob, 'My card is 4111 1111 1111 1111');
    await hear(alice, 'My card is [card number removed]');
    await alice.miss('casino');
    await bob.photograph(pictures, 'cinny-message-refused');
  });

  await step('the refusal of a new name by a module is shown', async () => {
    await alice.clickLast('header button');
    await alice.click({ text: 'Room Settings' });
    await alice.click({ css: '.room-profile__display button' });
    await alice.fill('.room-profile input[name=room-name]', 'Coffee');
    await alice.click({ css: '.room-profile button[type=submit]' });
    await alice.see('[403]');
    await alice.photograph(pictures, 'cinny-name-refused');
    await alice.clickLast('.pw .header button');
    await alice.miss('[403]');
  });

  await step('a picture is uploaded, and seen by the other', async () => {
    const open = `(() => { let box = document.querySelector('${editor}'); while (!box.querySelector('button')) box = box.parentElement; box.querySelector('button').click(); })()`;
    await bob.choose(picture, () => bob.evaluate(open));
    await bob.see('teacup.png');
    await bob.click({ css: 'button', text: 'Send' });
    await alice.until(`[...document.querySelectorAll('${message} img')].some((image) => image.naturalWidth === 640)`);
  });

  await step('a message is answered, and the answer edited', async () => {
    await pick(alice, 'None, thank you.', 'Reply');
    await say(alice, 'Very well.');
    await hear(bob, 'Very well.');
    await pick(alice, 'Very well.', 'Edit Message');
    await alice.until(`document.querySelectorAll('[data-slate-editor]').length === 2`);
    await alice.retype('As you wish.');
    await alice.enter();
    await hear(bob, 'As you wish.');
    await bob.miss('Very well.');
  });

  await step('a message is reacted to', async () => {
    await pick(bob, 'As you wish.', 'Add Reaction');
    await bob.click({ css: 'button[aria-label="grinning emoji"], button[aria-label$=" emoji"]' });
    await alice.until(`document.querySelector('[data-reaction-key]') !== null`);
    await alice.photograph(pictures, 'cinny-room');
  });

  await step('a message is deleted', async () => {
    await say(alice, 'Oops');
    await hear(bob, 'Oops');
    await pick(alice, 'Oops', 'Delete');
    await alice.click({ css: 'form button[type=submit]', text: 'Delete' });
    await bob.miss('Oops');
    await hear(bob, 'This message has been deleted');
  });

  await step('messages are searched', async () => {
    await alice.visit(`${site}/home/search/?term=lump`);
    await alice.see('One lump or two?');
    await alice.photograph(pictures, 'cinny-search');
  });

  await step('name and picture of a user change for everybody', async () => {
    await alice.visit(`${site}/home/`);
    await alice.see('Tea');
    await openSettings(alice);
    await alice.choose(picture, () => alice.click({ css: '.profile-editor .img-upload' }));
    await alice.until(`document.querySelector('.profile-editor img')?.naturalWidth > 0`);
    await alice.click({ css: '.profile-editor__info button' });
    await alice.fill('.profile-editor form input', 'Alice Liddell');
    await alice.enter();
    await bob.see('Alice Liddell');
    await alice.photograph(pictures, 'cinny-profile');
  });

  await step('a device is removed with the password', async () => {
    const login = { type: 'm.login.password', user: 'alice', password: "alice's secret" };
    const tablet = JSON.stringify({ ...login, initial_device_display_name: 'Tablet' });
    await fetch(`${url}/_matrix/client/v3/login`, { method: 'POST', body: tablet });
    await alice.click({ css: '.pw button', text: 'Security' });
    await alice.see('Tablet');
    await alice.evaluate(`document.querySelector('.device-manage').scrollIntoView()`);
    await alice.photograph(pictures, 'cinny-devices');
    const tile = `[...document.querySelectorAll('.setting-tile')].find((it) => it.innerText.includes('Tablet'))`;
    await alice.evaluate(`[...${tile}.querySelectorAll('button')].at(-1).click()`);
    await alice.click({ css: '.confirm-dialog button', text: 'Logout' });
    await alice.fill('.auth-request input', "alice's secret");
    await alice.enter();
    await alice.miss('Tablet');
    await alice.clickLast('.pw .header button');
  });

  await step('a user is found in the user directory and invited to a direct chat', async () => {
    await alice.visit(`${site}/direct/`);
    await alice.click({ css: 'button', text: 'Direct Message' });
    await alice.fill('.invite-user input', 'bob');
    await alice.enter();
    await alice.click({ css: '.invite-user__content button', text: 'Message' });
    await bob.visit(`${site}/inbox/invites/`);
    await bob.see('Alice Liddell');
    await bob.photograph(pictures, 'cinny-invite');
    await bob.click({ css: 'button', text: 'Accept' });
    await bob.click({ css: 'button', text: 'View' });
    await alice.click({ css: '.invite-user__content button', text: 'Open' });
    await alice.see('bob joined the room');
  });

  await step('encrypted messages are read by the other', async () => {
    await say(alice, 'A secret.');
    await hear(bob, 'A secret.');
    await say(bob, 'Kept.');
    await hear(alice, 'Kept.');
    await alice.photograph(pictures, 'cinny-chat');
  });

  await step('threads and spaces that other clients made are shown', async () => {
    const token = await tokenOf(alice);
    const call = async (method: string, path: string, body: object): Promise<Readonly<Record<string, string>>> => {
      const headers = { Authorization: `Bearer ${token}` };
      const response = await fetch(`${url}/_matrix/client/v3/${path}`, { method, headers, body: JSON.stringify(body) });
      return (await response.json()) as Readonly<Record<string, string>>;
    };
    const { room_id: tea = '' } = await call('POST', 'join/%23alice-tea%3Alocalhost', {});
    const text = { msgtype: 'm.text', body: 'Which biscuits?' };
    const { event_id: root } = await call('PUT', `rooms/${tea}/send/m.room.message/root`, text);
    const thread = { rel_type: 'm.thread', event_id: root, is_falling_back: true, 'm.in_reply_to': { event_id: root } };
    const answer = { msgtype: 'm.text', body: 'Shortbread.', 'm.relates_to': thread };
    await call('PUT', `rooms/${tea}/send/m.room.message/answer`, answer);
    const children = [{ type: 'm.space.child', state_key: tea, content: { via: ['localhost'] } }];
    const space = { name: 'Parlour', creation_content: { type: 'm.space' }, initial_state: children };
    const { room_id: parlour = '' } = await call('POST', 'createRoom', space);
    await alice.visit(`${site}/${encodeURIComponent(parlour)}/lobby/`);
    await alice.see('Earl Grey, mostly');
    await alice.photograph(pictures, 'cinny-space');
    await alice.visit(`${site}/${encodeURIComponent(parlour)}/${encodeURIComponent(tea)}/`);
    await hear(alice, 'Shortbread.');
  });

  await step('a user logs out, and the token ends', async () => {
    const headers = { Authorization: `Bearer ${await tokenOf(alice)}` };
    await openSettings(alice);
    await alice.click({ css: '.pw .header button', text: 'Logout' });
    await alice.click({ css: '.confirm-dialog button', text: 'Logout' });
    await alice.until(`localStorage.cinny_access_token === undefined`);
    const whoami = await fetch(`${url}/_matrix/client/v3/account/whoami`, { headers });
    assert.equal(whoami.status, 401);
  });

  const unexpected = [...alice.errors, ...bob.errors].filter((error) => !expectedErrors.includes(error));
  assert.deepEqual(unexpected, []);
});
