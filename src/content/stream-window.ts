/**
 * Bytes that each stage of a stream of large content may hold, 512 KiB.
 *
 * @remarks With Node's own 16 KiB a stage takes one piece and no more, and each waits for the one behind it in turn: file,
 * hash and socket then never work at the same time.
 */
export const windowBytes: number = 512 * 1024;
