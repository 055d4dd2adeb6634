import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { bundleRecordSchema } from '../../src/bundle/record.js';
import { textRecord } from '../../src/oci/first-fault.js';
import { describeMembers } from './describe-members.js';
import { doctorReportSchema } from './doctor-schema.js';
import { attestationsTableSchema, referrersTableSchema } from './table-schemas.js';

/** As much of a JSON Schema as is looked into here. */
export interface JsonSchema {
  description?: string;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  [keyword: string]: unknown;
}

/** Where the interfaces are whose comments describe the members of `bundle.json`. */
const recordSource = 'src/bundle/record.ts';
/** The same for the report of the doctor. */
const reportSource = 'src/doctor/doctor-report.ts';

/** Makes the JSON Schemas that are published, by path. */
export async function renderSchemas(root: URL): Promise<ReadonlyMap<string, string>> {
  const record = toJsonSchema(bundleRecordSchema);
  describeMembers(record, await readFile(new URL(recordSource, root), 'utf8'), 'BundleRecord');
  const report = toJsonSchema(doctorReportSchema);
  describeMembers(report, await readFile(new URL(reportSource, root), 'utf8'), 'DoctorReport');
  const ofBundle = 'Shape only: docs/bundle-format.md says what else has to hold.';
  const referrers = toJsonSchema(referrersTableSchema);
  const attestations = toJsonSchema(attestationsTableSchema);
  const documents: readonly (readonly [string, string, JsonSchema, string])[] = [
    ['bundle', 'bundle.json, the record of a bundle', record, ofBundle],
    ['referrers-index', 'indexes/referrers.index.json of a bundle', referrers, ofBundle],
    ['attestations-index', 'indexes/attestations.index.json of a bundle', attestations, ofBundle],
    ['doctor-report', 'The report of doctor run', report, 'docs/doctor.md explains every check and its evidence.'],
  ];
  return new Map(
    documents.map(([name, title, { $schema, ...rest }, description]) => {
      return [
        `schemas/${name}.schema.json`,
        `${JSON.stringify({ $schema, title, description, ...rest }, undefined, 2)}\n`,
      ];
    }),
  );
}

/** Zod does not see into the schemas that stop at the first fault: what they ask for is said here. */
function toJsonSchema(schema: z.ZodType): JsonSchema {
  const made = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema: found, jsonSchema }) => {
      const zodSchema: unknown = found;
      if (zodSchema === textRecord) {
        Object.assign(jsonSchema, { type: 'object', additionalProperties: { type: 'string' } });
      } else if (found instanceof z.ZodType && 'item' in found && found.item instanceof z.ZodType) {
        Object.assign(jsonSchema, { type: 'array', items: { ...toJsonSchema(found.item), $schema: undefined } });
      }
    },
  });
  return JSON.parse(JSON.stringify(made)) as JsonSchema;
}
