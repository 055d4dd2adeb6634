/** Artifact types the tests attach. */
export const sbomType = 'application/vnd.cyclonedx+json';
export const signatureType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
export const provenanceType = 'application/vnd.in-toto+json';
/** The repository they are attached in. */
export const repository = 'team/app';
