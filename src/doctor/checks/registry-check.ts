import type { CheckContext, DoctorCheck, Outcome } from '../doctor-check.js';
import type { FrontDoor } from '../front-door.js';

/** Whether something that speaks the registry API answers at all. */
export const registryCheck: DoctorCheck = {
  id: 'check.integration.oci.registry',
  title: 'OCI registry connectivity',
  tags: ['registry', 'oci', 'connectivity'],
  defaultSeverity: 'warn',
  relatedChecks: ['check.integration.oci.credentials', 'check.integration.oci.capabilities'],
  run: async (context) => {
    const door = await context.door();
    const { status } = door.answer;
    const evidence = describe(door);
    if (door.isWebPage && status < 300) {
      return await odd(context, evidence, 'answers with a web page, so it is no registry', [
        'a proxy, firewall or login page answered in place of the registry',
        'host or port belong to another service, such as the web interface of the registry',
      ]);
    }
    if (status === 200) return { severity: 'pass', message: `${context.target.url} answers`, evidence };
    if (status === 401) {
      return { severity: 'pass', message: `${context.target.url} answers, and asks for a login`, evidence };
    }
    return await odd(context, evidence, `answers GET /v2/ with ${status} instead of 200 or 401`, causesOf(status));
  },
};

function describe({ answer, asksFor }: FrontDoor): Outcome['evidence'] {
  const { headers, url, leftOrigin, status } = answer;
  const said = (name: string): string | undefined => headers.quote(name, 128);
  return {
    status,
    challenge: asksFor,
    version: said('oci-distribution-api-version') ?? said('docker-distribution-api-version'),
    content_type: said('content-type'),
    server: said('server'),
    answered_by: leftOrigin ? url.host : undefined,
  };
}

function causesOf(status: number): readonly string[] {
  if (status === 404) {
    return [
      'host or port belong to another service than the registry',
      'the registry is served below a path (Artifactory, Nexus), which then begins the repository',
    ];
  }
  if (status === 403) return ['a firewall, or a rule of the registry, refuses this address'];
  if (status === 429) return ['too many requests, of this client or of others behind the same address'];
  if (status >= 500) return ['the registry has a fault', 'a proxy in front of it does not reach it'];
  return ['host or port belong to another service than the registry'];
}

async function odd(
  { target, shell }: CheckContext,
  evidence: Outcome['evidence'],
  what: string,
  likelyCauses: readonly string[],
): Promise<Outcome> {
  const { base } = await shell();
  return {
    severity: 'warn',
    message: `${target.url} ${what}`,
    evidence,
    likelyCauses,
    howToFix: [
      ...(evidence?.['status'] === 429
        ? [
            {
              title: 'wait, or log in: limits are for each account, or for each address where there is none',
              commands: [],
            },
          ]
        : []),
      { title: 'look at the answer itself, and check host and port', commands: [base] },
      { title: 'see what stands between here and the registry', commands: ['env | grep -i _proxy'] },
    ],
  };
}
