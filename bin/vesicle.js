#!/usr/bin/env node
// Every Node must be able to read this file, so that a Node that is too old can say so: no syntax newer than import().
function saveMemory(v8) {
  // What a request makes dies with it: a young generation that does not grow saves 30 MB, and is no slower.
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  // The code of the compilers between the interpreter and the optimising one takes another 20 MB.
  v8.setFlagsFromString('--no-maglev');
  v8.setFlagsFromString('--no-sparkplug');
  // Garbage is collected sooner: 5 MB less, at the same speed.
  v8.setFlagsFromString('--optimize-for-size');
}

var needed = [22, 13];
var running = process.versions.node.split('.').map(Number);
if (running[0] < needed[0] || (running[0] === needed[0] && running[1] < needed[1])) {
  process.stderr.write(
    'Vesicle needs Node.js ' +
      needed.join('.') +
      ' or newer, and this is ' +
      process.versions.node +
      '. Install a newer one from https://nodejs.org, or run: npx -p node@24 vesicle\n',
  );
  process.exitCode = 1;
} else {
  // Each thread keeps memory of its own, and there is little to do for the usual four (files, passwords).
  if (process.env.UV_THREADPOOL_SIZE === undefined) process.env.UV_THREADPOOL_SIZE = '2';
  // Node 22 warns that its SQLite is experimental; it is good enough for a homeserver that is there to develop with.
  var emitWarning = process.emitWarning;
  process.emitWarning = function (warning) {
    if (!/^SQLite is/.test(warning)) emitWarning.apply(process, arguments);
  };
  // Before the flags: node compiled its own modules without them, and would have to do so again.
  var early = ['v8', 'module', 'http', 'crypto', 'sqlite', 'worker_threads', 'zlib', 'fs/promises'];
  Promise.all(
    early.map(function (name) {
      return import('node:' + name);
    }),
  )
    .then(function (imported) {
      process.emitWarning = emitWarning;
      // A module host is asked seldom and has to answer soon: it needs the fast compilers more than the memory.
      if (process.argv[2] !== 'host') saveMemory(imported[0]);
      imported[1].enableCompileCache();
      return import('../dist/bundle/cli/main.js');
    })
    .then(function (cli) {
      return cli.runCli(process.argv.slice(2));
    });
}
