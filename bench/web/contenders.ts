import { createAdaptorServer } from '@hono/node-server';
import { Controller, Get, Header, Logger, Module as NestModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { fastify } from 'fastify';
import { Hono } from 'hono';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HomeserverConfig } from '../../src/config/homeserver/homeserver-config.js';
import { ListenerConfig } from '../../src/config/homeserver/listeners.js';
import { Module } from '../../src/decorators/module.js';
import { WebResource } from '../../src/decorators/web-resource.js';
import { openHomeserver } from '../../src/homeserver/homeserver.js';
import { silentLog } from '../../src/log/silent-log.js';

/** The path that all of them answer. */
export const benchPath = '/_synapse/client/bench/words';

const answer = { words: ['casino', 'lottery'], updated: 1_700_000_000_000 };

/** The handler that Vesicle and bare Hono share. */
const handle = async (_request: Request): Promise<Response> => Response.json(answer);

/** Starts a server that answers one path with the same JSON; answers with its port. */
export type Contender = () => Promise<number>;

/** The servers compared, by name. */
export const contenders = {
  vesicle: startVesicle,
  hono: startHono,
  'node-http': startNodeHttp,
  fastify: startFastify,
  nestjs: startNest,
} satisfies Record<string, Contender>;

@Module()
class Words {
  @WebResource(benchPath)
  words(request: Request): Promise<Response> {
    return handle(request);
  }
}

async function startVesicle(): Promise<number> {
  const listeners = [Object.assign(new ListenerConfig(), { port: 0 })];
  const homeserver = await openHomeserver({
    config: new HomeserverConfig({ serverName: 'bench.test', listeners }),
    modules: [{ name: 'words', type: Words, config: {}, at: 'bench' }],
    log: silentLog,
  });
  const [listener] = await homeserver.listen();
  if (listener === undefined) throw new Error('the homeserver listens nowhere');
  return listener.port;
}

async function startHono(): Promise<number> {
  const app = new Hono();
  app.get(benchPath, (context) => handle(context.req.raw));
  return listen(createAdaptorServer({ fetch: app.fetch }) as Server);
}

async function startNodeHttp(): Promise<number> {
  return listen(
    createServer((request, response) => {
      if (request.url !== benchPath) {
        response.writeHead(404).end();
        return;
      }
      const text = JSON.stringify(answer);
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      response.writeHead(200, headers).end(text);
    }),
  );
}

async function startFastify(): Promise<number> {
  const app = fastify();
  app.get(benchPath, async () => answer);
  await app.listen({ port: 0, host: '127.0.0.1' });
  return portOf(app.server);
}

@Controller()
class WordsController {
  @Get(benchPath)
  @Header('content-type', 'application/json')
  words(): object {
    return answer;
  }
}

@NestModule({ controllers: [WordsController] })
class WordsModule {}

async function startNest(): Promise<number> {
  Logger.overrideLogger(false);
  const app = await NestFactory.create(WordsModule);
  await app.listen(0, '127.0.0.1');
  return portOf(app.getHttpServer() as Server);
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve(portOf(server));
    });
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
