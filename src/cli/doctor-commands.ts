import { type Command, Option } from 'commander';
import type { DoctorFlags } from './commands/doctor-run.js';
import { formatFlag, repeatedFlag } from './common-flags.js';
import { addConnectionFlags } from './connection-flags.js';
import { parseText } from './flag-parsers.js';
import { declareHelp } from './help-command.js';
import type { Dispatch } from './program.js';

/** Declares the commands that look for what is wrong. */
export function declareDoctorCommands(program: Command, dispatch: Dispatch): void {
  const doctor = program
    .command('doctor')
    .summary('find out what is wrong with a registry')
    .description('Looks at a registry, and says what is wrong and what to do about it.');
  declareRun(doctor, dispatch);
  declareHelp(doctor, 'oci-referrers doctor');
}

function declareRun(doctor: Command, dispatch: Dispatch): void {
  const command = doctor
    .command('run')
    .summary('check a registry')
    .description(
      'Checks a registry: is it there, does it take the credentials, can images be pulled and pushed, does it list referrers, what can it do. Exit 2: a check failed.',
    )
    .addOption(
      new Option(
        '--registry-url <url>',
        'registry, https://HOST[:PORT] or HOST[:PORT]; http:// speaks plain HTTP',
      ).argParser(parseText),
    )
    .addOption(
      new Option(
        '--test-repository <name>',
        'repository of an image that is there (default: library/alpine)',
      ).argParser(parseText),
    )
    .addOption(new Option('--test-tag <tag>', 'tag of that image (default: latest)').argParser(parseText))
    .addOption(repeatedFlag('--check <id>', 'only this check'))
    .addOption(repeatedFlag('--tag <tag>', 'only checks with this tag, such as registry or referrers'))
    .option('--list', 'show the checks there are, and run none')
    .option('--write-probes', 'also try what takes a write: an upload is opened and cancelled')
    .addOption(
      new Option('--fail-on <severity>', 'exit 2 from this severity on').choices(['warn', 'fail']).default('fail'),
    )
    .addOption(formatFlag('how the report is written', 'text', 'json'))
    .addOption(new Option('--output <file>', 'write the report there, in that format').argParser(parseText))
    .option('--force', 'replace an existing file');
  addConnectionFlags(command)
    .addHelpText(
      'after',
      `
Environment, where a flag says nothing:
  OCI__RegistryUrl (Registry__Url)       --registry-url
  OCI__TestRepository, OCI__TestTag      --test-repository, --test-tag
  OCI__Username, OCI__Password           user name and password
  OCI__Token                             a token the registry takes itself

--timeout bounds each check (default: 30). Nothing is written without
--write-probes. No password and no token ever stands in a report.

Examples:
  oci-referrers doctor run --registry-url https://registry.example.com
  oci-referrers doctor run --check check.integration.oci.referrers
  oci-referrers doctor run --tag registry --format json --output report.json
  oci-referrers doctor run --registry-url localhost:5000 \\
    --test-repository team/app --test-tag 1.2 --write-probes`,
    )
    .action(async (flags: DoctorFlags, self: Command) => {
      const { runDoctorRun } = await import('./commands/doctor-run.js');
      await dispatch((context) => runDoctorRun(flags, context), self.optsWithGlobals());
    });
}
