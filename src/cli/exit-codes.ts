/** What the command ends with; scripts rely on these numbers. */
export const exitCodes = {
  fine: 0,
  /** Two bundles differ, and `--exit-code` asked. */
  different: 1,
  /** A validation, a check, or a `--require`, failed. */
  refuted: 2,
  /** What refers to an image could not be confirmed. */
  unconfirmed: 3,
  /** Arguments or input are wrong. */
  usage: 4,
  other: 5,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

/** The exit codes as the help shows them. */
export const exitCodeHelp: string = `
Exit codes:
  0    fine
  1    the bundles differ (bundle diff --exit-code only)
  2    the bundle is not valid, a --require is not met, or a check failed
  3    the referrers could not be confirmed: while they were looked for, the
       registry could not be reached, refused, had no such image or contradicted
       itself; or it does not list afterwards what was pushed
  4    wrong arguments or input
  5    anything else: a failed upload, an output that cannot be written
  130  interrupted (143: terminated, 129: hung up); no partial file is left`;
