/** The name under which the host's SDK finds what this package records; no version, as it would become a label. */
export const scopeName = '@stellaops/oci-referrers';
