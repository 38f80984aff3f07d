import type { Metadata, Sharp } from 'sharp';
import type { ThumbnailSize } from '../../config/homeserver/homeserver-sections.js';
import { loadOptional, type OptionalPackage } from '../../errors/package-missing.js';

const sharpPackage: OptionalPackage = { name: 'sharp', use: 'Making thumbnails of an image' };

type Method = ThumbnailSize['method'];

/** A thumbnail to be made. */
export interface ThumbnailPlan {
  readonly width: number;
  readonly height: number;
  readonly method: Method;
  readonly type: string;
  /** Keep the animation of an animated image. */
  readonly isAnimated: boolean;
}

/** The kind of thumbnail for each kind of image (`config/repository.py: THUMBNAIL_SUPPORTED_MEDIA_FORMAT_MAP`). */
export const thumbnailTypes: ReadonlyMap<string, string> = new Map([
  ['image/jpeg', 'image/jpeg'],
  ['image/jpg', 'image/jpeg'],
  ['image/webp', 'image/jpeg'],
  ['image/gif', 'image/png'],
  ['image/png', 'image/png'],
]);

/** Thumbnails that keep an animation are of this type. */
export const ANIMATED_TYPE = 'image/webp';

/** An uploaded image, decoded to make thumbnails of it (`media/thumbnailer.py`). */
export class Thumbnailer {
  private constructor(
    private readonly load: (options: { readonly animated: boolean }) => Sharp,
    readonly width: number,
    readonly height: number,
    private readonly metadata: Metadata,
  ) {}

  /** Undefined when the bytes are no image that thumbnails are made of. */
  static async open(content: Uint8Array, maxPixels: number): Promise<Thumbnailer | undefined> {
    // Loading it takes longer than starting the homeserver does.
    const { default: sharp } = await loadOptional(sharpPackage, () => import('sharp'));
    // What is damaged, or ends early, is shown as far as it goes, as Pillow shows it to Synapse.
    const load = ({ animated }: { readonly animated: boolean }): Sharp =>
      sharp(content, { animated, failOn: 'none', limitInputPixels: maxPixels });
    const metadata = await load({ animated: false })
      .metadata()
      .catch(() => undefined);
    if (metadata === undefined || !['jpeg', 'png', 'webp', 'gif'].includes(metadata.format)) return undefined;
    const { width, height } = metadata;
    if (width * height >= maxPixels) return undefined;
    const isTurned = (metadata.orientation ?? 1) >= 5;
    return new Thumbnailer(load, isTurned ? height : width, isTurned ? width : height, metadata);
  }

  /** The thumbnails that are made of an upload of this type. */
  async plan(mediaType: string, sizes: readonly ThumbnailSize[]): Promise<ThumbnailPlan[]> {
    const usual = thumbnailTypes.get(mediaType);
    if (usual === undefined) return [];
    const type = usual === 'image/jpeg' && (await this.isTransparent()) ? 'image/png' : usual;
    const planned = new Map<string, ThumbnailPlan>();
    for (const { width, height, method } of sizes) {
      const size = method === 'crop' ? { width, height } : this.scaledTo(width, height);
      const key = `${size.width}x${size.height}`;
      // A scaled thumbnail takes the place of a cropped one of the same size, not the other way round.
      if (method === 'scale' || !planned.has(key)) planned.set(key, { ...size, method, type, isAnimated: false });
    }
    const still = [...planned.values()];
    if ((this.metadata.pages ?? 1) <= 1) return still;
    return still.flatMap((plan) => [plan, { ...plan, type: ANIMATED_TYPE, isAnimated: true }]);
  }

  /** Makes one thumbnail; a still one where the animation cannot be decoded. Rejects when there is no way to make it. */
  async make(plan: ThumbnailPlan): Promise<Uint8Array> {
    if (!plan.isAnimated) return this.encode(plan);
    return this.encode(plan).catch(() => this.encode({ ...plan, isAnimated: false }));
  }

  /** The same, of any size: a scaled one keeps the shape of the image within the size, and is no larger than the image. */
  async makeWithin(plan: ThumbnailPlan): Promise<Uint8Array> {
    return this.make(plan.method === 'crop' ? plan : { ...plan, ...this.scaledTo(plan.width, plan.height) });
  }

  private async encode(plan: ThumbnailPlan): Promise<Uint8Array> {
    const image = this.load({ animated: plan.isAnimated })
      .rotate()
      .resize(plan.width, plan.height, { fit: plan.method === 'crop' ? 'cover' : 'fill' });
    if (plan.type === 'image/jpeg') return image.flatten().jpeg({ quality: 80 }).toBuffer();
    if (plan.type === 'image/webp') return image.webp({ quality: 80 }).toBuffer();
    return image.png().toBuffer();
  }

  /** The largest size of the same shape that fits, never larger than the image. */
  private scaledTo(maxWidth: number, maxHeight: number): { readonly width: number; readonly height: number } {
    const { width, height } = this;
    const [fitWidth, fitHeight] =
      maxWidth * height < maxHeight * width
        ? [maxWidth, Math.max(Math.floor((maxWidth * height) / width), 1)]
        : [Math.max(Math.floor((maxHeight * width) / height), 1), maxHeight];
    return { width: Math.min(width, fitWidth), height: Math.min(height, fitHeight) };
  }

  private async isTransparent(): Promise<boolean> {
    if (!this.metadata.hasAlpha) return false;
    const { isOpaque } = await this.load({ animated: false }).stats();
    return !isOpaque;
  }
}
