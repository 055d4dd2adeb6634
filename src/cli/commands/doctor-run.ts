import {
  type DoctorOptions,
  type DoctorReport,
  doctorChecks,
  parseReference,
  parseRegistryUrl,
  runDoctor,
} from '../../index.js';
import type { CommandContext } from '../command-context.js';
import type { ConnectionFlags } from '../connection-flags.js';
import { connectionOptions } from '../connection-options.js';
import { drawDoctorReport, summaryOf } from '../draw-doctor.js';
import { environmentOf, registryUrlOf } from '../environment-settings.js';
import { exitCodes } from '../exit-codes.js';
import { lineWidthOf } from '../report-lines.js';
import { drawTable } from '../table.js';
import { UsageError } from '../usage-error.js';
import { assertFreeFile, writeTextFile } from '../write-text-file.js';

/** Flags of `doctor run`. */
export interface DoctorFlags extends ConnectionFlags {
  readonly registryUrl?: string | undefined;
  readonly testRepository?: string | undefined;
  readonly testTag?: string | undefined;
  readonly check?: readonly string[] | undefined;
  readonly tag?: readonly string[] | undefined;
  readonly list?: boolean | undefined;
  readonly writeProbes?: boolean | undefined;
  readonly failOn: 'warn' | 'fail';
  readonly format: 'text' | 'json';
  readonly output?: string | undefined;
  readonly force?: boolean | undefined;
}

/** Checks a registry and writes the report. */
export async function runDoctorRun(flags: DoctorFlags, context: CommandContext): Promise<number> {
  if (flags.list === true) return await listChecks(flags, context);
  const { output: file, force = false } = flags;
  if (file !== undefined) await assertFreeFile(file, force);
  const report = await runDoctor(await doctorOptions(flags, context));
  await write(report, flags, context);
  const { fail, warn } = report.summary;
  return fail > 0 || (flags.failOn === 'warn' && warn > 0) ? exitCodes.refuted : exitCodes.fine;
}

async function listChecks({ format }: DoctorFlags, { output }: CommandContext): Promise<number> {
  if (format === 'json') await output.json(doctorChecks);
  else {
    const rows = doctorChecks.map(({ id, defaultSeverity, tags }) => [id, defaultSeverity, tags.slice(2).join(', ')]);
    await output.result(drawTable(['CHECK', 'SEVERITY', 'TAGS (AND registry, oci)'], rows));
  }
  return exitCodes.fine;
}

async function write(report: DoctorReport, flags: DoctorFlags, { io, output, signal }: CommandContext): Promise<void> {
  const { output: file, force = false, format } = flags;
  if (file === undefined) {
    if (format === 'json') await output.json(report);
    else await output.result(drawDoctorReport(report, lineWidthOf(io.stdout)));
    return;
  }
  const lines =
    format === 'json' ? [JSON.stringify(report, undefined, 2)] : drawDoctorReport(report, Number.POSITIVE_INFINITY);
  await writeTextFile(file, lines.map((line) => `${line}\n`).join(''), { isForced: force, signal });
  output.info(`${summaryOf(report)}; the report is in ${file}`);
}

async function doctorOptions(flags: DoctorFlags, context: CommandContext): Promise<DoctorOptions> {
  const { signal } = context;
  const setting = environmentOf(context.io.env);
  const registryUrl = flags.registryUrl ?? registryUrlOf(setting);
  if (registryUrl === undefined) {
    throw new UsageError('doctor run: no registry is named', {
      hint: 'give --registry-url https://registry.example.com, or set OCI__RegistryUrl',
    });
  }
  const { registry } = parseReference(`${parseRegistryUrl(registryUrl).registry}/any`);
  const connection = await connectionOptions(flags, [registry], context);
  const hasLogin = connection.credentials !== undefined;
  return {
    ...connection,
    registryUrl,
    testRepository: flags.testRepository ?? setting('OCI__TestRepository'),
    testTag: flags.testTag ?? setting('OCI__TestTag'),
    // Flags win as a whole: half a login of one kind does not go with half of another.
    ...(hasLogin
      ? {}
      : { username: setting('OCI__Username'), password: setting('OCI__Password'), token: setting('OCI__Token') }),
    checks: flags.check,
    tags: flags.tag,
    writeProbes: flags.writeProbes,
    commandFlags: repeatedFlags(flags),
    checkMs: flags.timeout === undefined ? undefined : Math.min(flags.timeout, 3600) * 1000,
    signal,
  };
}

/** What the commands in a report take to reach the same registry: paths, and never what may be secret. */
function repeatedFlags(flags: DoctorFlags): Record<string, string | true> {
  const { caFile, cert, keyFile, insecure = false, hostsDir, registryConfig } = flags;
  return {
    ...(caFile === undefined ? {} : { '--ca-file': caFile }),
    ...(cert === undefined || keyFile === undefined ? {} : { '--cert': cert, '--key-file': keyFile }),
    ...(insecure ? { '--insecure': true as const } : {}),
    ...(hostsDir === undefined ? {} : { '--hosts-dir': hostsDir }),
    ...(registryConfig === undefined ? {} : { '--registry-config': registryConfig }),
  };
}
