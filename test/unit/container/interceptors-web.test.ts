import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ModuleApi } from '../../../src/module-api/module-api.js';
import type { InterceptedCall, Interceptor } from '../../../src/callbacks/interceptor.js';
import { openModules, type RunningModules } from '../../../src/container/running-modules.js';
import { Module } from '../../../src/decorators/module.js';
import { WebResource } from '../../../src/decorators/web-resource.js';
import { Codes } from '../../../src/errors/matrix-codes.js';
import { SynapseError } from '../../../src/errors/synapse-error.js';
import type { Class } from '../../../src/metadata/metadata-store.js';
import { loaded, TestModuleHost } from '../../support/module-host.js';

type Next = () => Promise<unknown>;

/** What happened, in order; emptied by each start. */
let story: string[] = [];
/** What interceptors saw; emptied by each start. */
let seen: InterceptedCall[] = [];

async function start(type: Class): Promise<{ host: TestModuleHost; modules: RunningModules }> {
  story = [];
  seen = [];
  const host = new TestModuleHost();
  return { host, modules: await openModules([loaded(type)], host) };
}

async function fetchFrom(host: TestModuleHost, path: string, method = 'GET'): Promise<Response> {
  const answer = await host.webResources.handle(new Request(`http://here${path}`, { method }), path);
  assert.ok(answer);
  return answer;
}

/** An interceptor that tells when it runs. */
function telling(name: string): Class<Interceptor> {
  return class implements Interceptor {
    readonly intercept = async (call: InterceptedCall, next: Next): Promise<unknown> => {
      seen.push(call);
      story.push(`${name} in`);
      const answer = await next();
      story.push(`${name} out`);
      return answer;
    };
  };
}

/** An interceptor that does just this. */
function doing(intercept: Interceptor['intercept']): Class<Interceptor> {
  return class implements Interceptor {
    readonly intercept = intercept;
  };
}

describe('interceptors of a web resource', () => {
  const path = '/_synapse/client/words';

  it('run around a method, and see the path and the request', async () => {
    @Module({ name: 'words', interceptors: [telling('outer')] })
    class Words {
      readonly text = 'casino';

      @WebResource(path, { interceptors: [telling('inner')] })
      words(): Response {
        story.push('asked');
        return new Response(this.text);
      }
    }
    const { host, modules } = await start(Words);
    await using _modules = modules;
    assert.equal(await (await fetchFrom(host, path)).text(), 'casino');
    assert.deepEqual(story, ['outer in', 'inner in', 'asked', 'inner out', 'outer out']);
    const [outer, inner] = seen;
    assert.deepEqual(
      [outer?.module, outer?.category, outer?.name, outer?.args.length],
      ['words', 'web_resource', path, 1],
    );
    assert.equal((outer?.args[0] as Request).url, `http://here${path}`);
    assert.equal(inner?.args[0], outer?.args[0]);
  });

  it('run around each of several methods of one path, which keeps its others refused', async () => {
    @Module({ interceptors: [telling('outer')] })
    class Words {
      @WebResource(path, { method: 'GET', interceptors: [telling('get')] })
      async words(): Promise<Response> {
        return new Response('got');
      }

      @WebResource(path, { method: 'POST' })
      async add(): Promise<Response> {
        return new Response('posted');
      }
    }
    const { host, modules } = await start(Words);
    await using _modules = modules;
    assert.equal(await (await fetchFrom(host, path)).text(), 'got');
    assert.deepEqual(story, ['outer in', 'get in', 'get out', 'outer out']);
    story = [];
    assert.equal(await (await fetchFrom(host, path, 'POST')).text(), 'posted');
    assert.deepEqual(story, ['outer in', 'outer out']);
    story = [];
    assert.equal((await fetchFrom(host, path, 'DELETE')).status, 405);
    assert.deepEqual(story, []);
  });

  it('run around a property with fetch, and everything below its path', async () => {
    class App {
      readonly greeting = 'hello';

      async fetch(request: Request): Promise<Response> {
        return new Response(`${this.greeting} ${new URL(request.url).pathname}`);
      }
    }
    @Module({ interceptors: [telling('outer')] })
    class Words {
      @WebResource(path, { interceptors: [telling('inner')] }) readonly app = new App();
    }
    const { host, modules } = await start(Words);
    await using _modules = modules;
    assert.equal(await (await fetchFrom(host, `${path}/below`)).text(), `hello ${path}/below`);
    assert.deepEqual(story, ['outer in', 'inner in', 'inner out', 'outer out']);
    assert.deepEqual(
      seen.map(({ name }) => name),
      [path, path],
    );
  });

  it('run around what the constructor registers, in each form', async () => {
    @Module({ interceptors: [telling('outer')] })
    class Words {
      constructor(api: ModuleApi) {
        const absent = { POST: undefined } as object;
        api.registerWebResource(`${path}/a`, () => new Response('a'));
        api.registerWebResource(`${path}/b`, { GET: () => new Response('b'), ...absent });
        api.registerWebResource(`${path}/c`, { fetch: () => new Response('c') });
      }
    }
    const { host, modules } = await start(Words);
    await using _modules = modules;
    for (const name of ['a', 'b', 'c']) {
      story = [];
      assert.equal(await (await fetchFrom(host, `${path}/${name}`)).text(), name);
      assert.deepEqual(story, ['outer in', 'outer out']);
    }
    assert.equal((await fetchFrom(host, `${path}/b`, 'POST')).status, 405);
  });

  it('may answer themselves, and what they throw is the answer', async () => {
    let failure: Error | undefined;
    @Module({
      interceptors: [
        doing(async () => {
          if (failure !== undefined) throw failure;
          return Response.json({ closed: true }, { status: 503 });
        }),
      ],
    })
    class Words {
      @WebResource(path)
      async words(): Promise<Response> {
        story.push('asked');
        return new Response();
      }
    }
    const { host, modules } = await start(Words);
    await using _modules = modules;
    assert.equal((await fetchFrom(host, path)).status, 503);
    failure = new SynapseError(403, 'No', Codes.FORBIDDEN);
    assert.deepEqual(await (await fetchFrom(host, path)).json(), { errcode: 'M_FORBIDDEN', error: 'No' });
    failure = new RangeError('no');
    assert.equal((await fetchFrom(host, path)).status, 500);
    assert.deepEqual(story, []);
    assert.deepEqual(host.log.texts, [`error Words: the web resource ${path} failed`]);
  });
});
