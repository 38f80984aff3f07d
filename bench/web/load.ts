import { connect, type Socket } from 'node:net';

/** Sends requests over some connections for a while, each waiting for its answer; answers with how many were answered. */
export async function countAnswers(port: number, path: string, connections: number, ms: number): Promise<number> {
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: application/json\r\n\r\n`;
  const end = performance.now() + ms;
  const counts = await Promise.all(Array.from({ length: connections }, () => askUntil(port, request, end)));
  return counts.reduce((sum, count) => sum + count, 0);
}

function askUntil(port: number, request: string, end: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let count = 0;
    let text = '';
    const socket: Socket = connect(port, '127.0.0.1', () => {
      socket.setNoDelay(true);
      socket.write(request);
    });
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length < lengthOf(text)) return;
      if (!text.startsWith('HTTP/1.1 200')) reject(new Error(text));
      count++;
      text = '';
      if (performance.now() < end) socket.write(request);
      else socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      resolve(count);
    });
  });
}

/** How long the whole answer is, or Infinity when its headers have not arrived yet. */
function lengthOf(text: string): number {
  const bodyAt = text.indexOf('\r\n\r\n');
  if (bodyAt < 0) return Infinity;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, bodyAt))?.[1];
  if (length === undefined) throw new Error(`no content length: ${text}`);
  return bodyAt + 4 + Number(length);
}
