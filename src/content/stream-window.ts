/**
 * Bytes that each stage of a stream of large content holds before whatever feeds it is told to wait, 256 KiB.
 *
 * @remarks With Node's own 16 KiB a stage takes one piece and no more, and each waits for the one behind it in turn: file,
 * hash and socket then never work at the same time. With 512 KiB an import takes a tenth
 * more CPU time.
 */
export const windowBytes: number = 256 * 1024;
