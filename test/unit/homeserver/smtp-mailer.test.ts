import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import test from 'node:test';
import { EmailConfig } from '../../../src/config/homeserver/email-config.js';
import { HostError } from '../../../src/errors/host-error.js';
import { SmtpMailer } from '../../../src/homeserver/runtime/smtp-mailer.js';

const mail = { to: 'Bob <bob@example.com>', subject: 'Hi', html: '<p>hi</p>', text: 'hi' };

/** As much of a mail server as a client needs; collects what it is sent. */
async function openMailServer(): Promise<{ server: Server; port: number; heard: string[] }> {
  const heard: string[] = [];
  const server = createServer((socket) => {
    serve(socket, heard);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return { server, heard, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

function serve(socket: Socket, heard: string[]): void {
  let isData = false;
  let rest = '';
  socket.write('220 mail.test\r\n');
  socket.on('data', (chunk) => {
    const lines = (rest + chunk.toString()).split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      heard.push(line);
      if (isData && line !== '.') continue;
      isData = line === 'DATA';
      socket.write(isData ? '354 go on\r\n' : '250 ok\r\n');
    }
  });
}

test('a mail has both forms, the sender of the configuration, and asks for no automatic answers', async (t) => {
  const { server, port, heard } = await openMailServer();
  t.after(() => server.close());
  const config = Object.assign(new EmailConfig(), {
    smtpHost: '127.0.0.1',
    smtpPort: port,
    notifFrom: '%(app)s <hs@hs.test>',
  });
  await new SmtpMailer(config).send(mail);
  const text = heard.join('\n');
  for (const part of [
    'MAIL FROM:<hs@hs.test>',
    'RCPT TO:<bob@example.com>',
    'From: Matrix <hs@hs.test>',
    'text/plain',
    'text/html',
    'Auto-Submitted: auto-generated',
  ]) {
    assert.ok(text.includes(part), `${part} is missing in\n${text}`);
  }
});

test('a server that does not answer is an error of the class that Synapse raises', async () => {
  const mailer = new SmtpMailer(Object.assign(new EmailConfig(), { smtpHost: '127.0.0.1', smtpPort: 1 }));
  await assert.rejects(
    mailer.send(mail),
    (error) => error instanceof HostError && error.type === 'ConnectionRefusedError',
  );
});
