/** Mutates a bundle again and again, validates every mutant, and reports those that were not found. */
import { Readable } from 'node:stream';
import { parentPort, workerData } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';

const { library, bytes, content, seed, from, to, options } = workerData;
const { ImportValidator } = await import(library);
const original = Buffer.from(bytes);
const validator = new ImportValidator(options);

const misses = [];
for (let index = from; index < to; index++) {
  const { mutant, text } = realMutation(index);
  const report = await validator.validate(Readable.from([mutant]));
  if (report.ok && !(content !== undefined && gunzipSync(mutant).equals(Buffer.from(content)))) {
    misses.push(`MUTATION_SEED=${seed}, mutation ${index}: ${text}`);
  }
}
parentPort?.postMessage(misses);

/** Zeroes copied over zeroes are no mutation: another one is drawn. */
function realMutation(index) {
  for (let draw = 0; ; draw++) {
    const mutation = mutate(original, seed + draw, index);
    if (!mutation.mutant.equals(original)) return mutation;
  }
}

/** The mutation that a seed and an index stand for. */
function mutate(source, seed, index) {
  const random = generator(seed, index);
  const at = random(source.length);
  const length = 1 + random(random(4) === 0 ? 2000 : 16);
  const part = source.subarray(at, at + length);
  const other = random(source.length);
  const join = (...parts) => Buffer.concat(parts);
  const before = source.subarray(0, at);
  const after = source.subarray(at + part.length);
  const noise = Buffer.from(Array.from({ length: part.length }, () => random(256)));
  switch (random(9)) {
    case 0: {
      const mutant = Buffer.from(source);
      mutant[at] ^= 1 << random(8);
      return { mutant, text: `a bit of byte ${at} flipped` };
    }
    case 1:
      return { mutant: join(before, noise, after), text: `${part.length} bytes at ${at} replaced` };
    case 2:
      return { mutant: join(before, after), text: `${part.length} bytes at ${at} dropped` };
    case 3:
      return { mutant: join(before, noise, source.subarray(at)), text: `${part.length} bytes inserted at ${at}` };
    case 4:
      return { mutant: join(before, part, part, after), text: `${part.length} bytes at ${at} twice` };
    case 5: {
      const place = Math.min(other, after.length);
      const mutant = join(before, after.subarray(0, place), part, after.subarray(place));
      return { mutant, text: `${part.length} bytes at ${at} moved ${place} bytes on` };
    }
    case 6:
      return { mutant: join(before, Buffer.alloc(part.length), after), text: `${part.length} bytes at ${at} zeroed` };
    case 7:
      return { mutant: before, text: `cut at ${at}` };
    default: {
      const copied = source.subarray(other, other + part.length);
      return { mutant: join(before, copied, after), text: `${part.length} bytes at ${at} become those at ${other}` };
    }
  }
}

/** A generator of whole numbers below a bound (mulberry32): the same numbers for the same seed and index. */
function generator(seed, index) {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}
