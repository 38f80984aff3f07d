import { compareRanks } from '../parity/sort-order.js';
import type { Thumbnail } from '../store/media-store.js';

/** The thumbnail that a client asks for. */
export interface ThumbnailWish {
  readonly width: number;
  readonly height: number;
  readonly method: string;
  readonly type: string;
}

/** The thumbnail of the wished method nearest to the wished size: a larger one rather than a smaller one (`_select_thumbnail`). */
export function selectThumbnail(thumbnails: readonly Thumbnail[], wish: ThumbnailWish): Thumbnail | undefined {
  const method = wish.method.toLowerCase();
  const candidates = thumbnails.filter((thumbnail) => thumbnail.method === method);
  const larger = candidates.filter(({ width, height }) => width >= wish.width || height >= wish.height);
  const ranked = (larger.length > 0 ? larger : candidates).map((thumbnail) => ({
    thumbnail,
    rank: method === 'crop' ? cropRank(thumbnail, wish) : scaleRank(thumbnail, wish),
  }));
  ranked.sort((one, other) => compareRanks(one.rank, other.rank));
  return ranked[0]?.thumbnail;
}

function cropRank(thumbnail: Thumbnail, wish: ThumbnailWish): number[] {
  const shape = Math.abs(wish.width * thumbnail.height - wish.height * thumbnail.width);
  const isSmaller = wish.width <= thumbnail.width && wish.height <= thumbnail.height ? 0 : 1;
  return [shape, isSmaller, ...scaleRank(thumbnail, wish)];
}

function scaleRank(thumbnail: Thumbnail, wish: ThumbnailWish): number[] {
  const size = Math.abs((wish.width - thumbnail.width) * (wish.height - thumbnail.height));
  return [size, wish.type === thumbnail.type ? 0 : 1, thumbnail.length];
}
