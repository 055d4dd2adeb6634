import type { DoctorTarget } from './doctor-check.js';
import type { Login } from './doctor-login.js';
import type { DoctorFix } from './doctor-report.js';
import type { ProductId, RegistryProduct } from './registry-product.js';
import { doctorCommand } from './shell-commands.js';

type Write = (host: string) => DoctorFix;

const byPipe = (title: string, source: string, username: string): Write => {
  return (host) => ({
    title,
    commands: [`${source} \\\n  | docker login ${host} --username ${username} --password-stdin`],
  });
};

const ways: Readonly<Partial<Record<ProductId, Write>>> = {
  acr: (host) => ({
    title: 'log in with an account that has the role AcrPull',
    commands: [`az acr login --name ${host.split('.', 1)[0] ?? host}`],
  }),
  ecr: (host) => {
    const [, region] = /\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\./.exec(host) ?? [];
    const source = region === undefined ? 'aws ecr-public' : 'aws ecr';
    return byPipe(
      'log in anew: a password of ECR is good for twelve hours',
      `${source} get-login-password --region ${region ?? 'us-east-1'}`,
      'AWS',
    )(host);
  },
  ghcr: byPipe('log in with a token that has the scope read:packages', 'echo "$GITHUB_TOKEN"', 'NAME'),
  google: byPipe(
    'log in with an account that has the role Artifact Registry Reader',
    'gcloud auth print-access-token',
    'oauth2accesstoken',
  ),
  gitlab: byPipe('log in with a token that has the scope read_registry', 'echo "$GITLAB_TOKEN"', 'NAME'),
  harbor: (host) => ({
    title: 'log in with a robot account of the project; its name has a $, so quote it',
    commands: [`docker login ${host} --username 'robot$NAME'`],
  }),
  quay: (host) => ({
    title: 'log in with a robot account that may read the repository',
    commands: [`docker login ${host} --username 'ORGANISATION+ROBOT'`],
  }),
};

/** What was handed over wins over a login of Docker's, which then changes nothing. */
const correctGiven: DoctorFix = {
  title:
    'correct the user name, password or token that was given (OCI__Username, OCI__Password, OCI__Token, --username), or take it away: it wins over docker login',
  commands: ['env | grep -o "^OCI__[A-Za-z]*"'],
};

/** Says how to log in to this registry, and how to hand the login over without one. */
export function loginFixes(
  target: DoctorTarget,
  { id }: RegistryProduct,
  source: Login['source'] | undefined,
): readonly DoctorFix[] {
  const { registry } = target;
  const write = ways[id];
  const login = write?.(registry) ?? {
    title: 'log in with an account that may pull',
    commands: [`docker login ${registry}`],
  };
  return [
    ...(source === 'options' || source === 'provider' ? [correctGiven] : []),
    login,
    {
      title: 'or hand user name and password over by themselves (also as OCI__Username and OCI__Password)',
      commands: [
        doctorCommand(target, 'check.integration.oci.credentials', '--username NAME --password-stdin < PASSWORD_FILE'),
      ],
    },
  ];
}
