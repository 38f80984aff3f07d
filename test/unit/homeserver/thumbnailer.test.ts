import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import type { ThumbnailSize } from '../../../src/config/homeserver/homeserver-sections.js';
import { Thumbnailer } from '../../../src/homeserver/media/thumbnailer.js';

type Size = readonly [width: number, height: number, method: ThumbnailSize['method']];

const sizesOf = (sizes: readonly Size[]): ThumbnailSize[] =>
  sizes.map(([width, height, method]) => ({ width, height, method }));

async function open(width: number, height: number): Promise<Thumbnailer> {
  const image = sharp({ create: { width, height, channels: 3, background: 'red' } });
  const thumbnailer = await Thumbnailer.open(await image.png().toBuffer(), 1_000_000);
  assert.ok(thumbnailer !== undefined);
  return thumbnailer;
}

const rows: readonly (readonly [title: string, image: readonly [number, number], sizes: Size[], planned: Size[]])[] = [
  ['a cropped one has the size that was asked for', [10, 10], [[32, 16, 'crop']], [[32, 16, 'crop']]],
  ['a scaled one keeps the shape', [400, 200], [[100, 100, 'scale']], [[100, 50, 'scale']]],
  ['a scaled one is no larger than the image', [40, 20], [[100, 100, 'scale']], [[40, 20, 'scale']]],
  ['a thin image keeps a pixel', [1000, 1], [[100, 100, 'scale']], [[100, 1, 'scale']]],
  [
    'a scaled one takes the place of a cropped one of its size',
    [200, 200],
    [
      [96, 96, 'crop'],
      [96, 96, 'scale'],
    ],
    [[96, 96, 'scale']],
  ],
  [
    'a cropped one leaves a scaled one of its size',
    [200, 200],
    [
      [96, 96, 'scale'],
      [96, 96, 'crop'],
    ],
    [[96, 96, 'scale']],
  ],
];
for (const [title, image, sizes, planned] of rows) {
  test(`of thumbnails, ${title}`, async () => {
    const plans = await (await open(...image)).plan('image/png', sizesOf(sizes));
    assert.deepEqual(
      plans.map(({ width, height, method }) => [width, height, method]),
      planned,
    );
  });
}

test('an image whose data end early has a thumbnail, wherever they end', async () => {
  const pixels = Uint8Array.from({ length: 64 * 64 * 3 }, (_, index) => (index * 7919) % 251);
  const source = sharp(pixels, { raw: { width: 64, height: 64, channels: 3 } });
  for (const content of [await source.clone().png().toBuffer(), await source.clone().jpeg().toBuffer()]) {
    for (const share of [0.5, 0.7, 0.9, 0.99]) {
      const thumbnailer = await Thumbnailer.open(content.subarray(0, content.length * share), 1_000_000);
      assert.ok(thumbnailer !== undefined);
      const plan = { width: 32, height: 32, method: 'crop', type: 'image/png', isAnimated: false } as const;
      const { width, height, format } = await sharp(await thumbnailer.make(plan)).metadata();
      assert.deepEqual([width, height, format], [32, 32, 'png']);
    }
  }
});

test('a scaled thumbnail of any size keeps the shape, and is no larger than the image', async () => {
  const thumbnailer = await open(400, 200);
  for (const [wished, width, height] of [
    [100, 100, 50],
    [1000, 400, 200],
  ] as const) {
    const plan = { width: wished, height: wished, method: 'scale', type: 'image/png', isAnimated: false } as const;
    const made = await sharp(await thumbnailer.makeWithin(plan)).metadata();
    assert.deepEqual([made.width, made.height], [width, height]);
  }
});

test('of what is no image, or too large a one, there are no thumbnails', async () => {
  assert.equal(await Thumbnailer.open(new TextEncoder().encode('no image'), 1_000_000), undefined);
  const image = await sharp({ create: { width: 10, height: 10, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  assert.equal(await Thumbnailer.open(image, 100), undefined);
  assert.ok((await Thumbnailer.open(image, 101)) !== undefined);
  assert.deepEqual(await (await open(10, 10)).plan('image/svg+xml', sizesOf([[1, 1, 'crop']])), []);
});
