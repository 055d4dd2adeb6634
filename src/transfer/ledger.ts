import type { Descriptor } from '../oci/descriptor.js';
import { blobsBelow } from '../oci/manifest.js';
import type { TransferItem, TransferProgress, TransferReport } from './transfer.js';

/** Counts what a transfer has to do and has done. */
export class Ledger {
  /** Every blob that is carried along, each once. */
  readonly blobs: readonly Descriptor[];
  readonly #target: string;
  readonly #report: ((progress: TransferProgress) => void) | undefined;
  readonly #totalBytes: number;
  #bytes = 0;
  #uploaded = 0;
  #skipped = 0;
  #mounted = 0;
  #uploadedBytes = 0;

  constructor(item: TransferItem, report: ((progress: TransferProgress) => void) | undefined) {
    const nodes = [...item.graph.nodes.values()];
    const children = nodes.flatMap((node) => blobsBelow(node.parsed));
    const absent = new Set([...item.skipped, ...item.elsewhere.map(({ digest }) => digest)]);
    const blobs = children.filter((blob) => !absent.has(blob.digest));
    this.blobs = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
    this.#target = item.target;
    this.#report = report;
    this.#totalBytes = [...this.blobs, ...nodes.map((node) => node.descriptor)].reduce(
      (sum, { size }) => sum + size,
      0,
    );
    this.#tell({ type: 'start' });
  }

  get totals(): Pick<TransferReport, 'uploaded' | 'mounted' | 'skipped' | 'uploadedBytes'> {
    const mounted = this.#mounted;
    return { uploaded: this.#uploaded, mounted, skipped: this.#skipped, uploadedBytes: this.#uploadedBytes };
  }

  done(descriptor: Descriptor, how: 'uploaded' | 'mounted' | 'skipped'): void {
    this.#bytes += descriptor.size;
    if (how === 'mounted') this.#mounted++;
    else if (how === 'skipped') this.#skipped++;
    else {
      this.#uploaded++;
      this.#uploadedBytes += descriptor.size;
    }
    this.#tell({ type: 'done', digest: descriptor.digest, uploaded: how === 'uploaded' });
  }

  #tell(event: Pick<TransferProgress, 'type' | 'digest' | 'uploaded'>): void {
    this.#report?.({ ...event, target: this.#target, bytes: this.#bytes, totalBytes: this.#totalBytes });
  }
}
