import ts from 'typescript';
import type { JsonSchema } from './schemas.js';

/**
 * Describes the members of a JSON Schema by the comments of the interface they belong to, and of those it leads to.
 *
 * @param source - text of the file that declares the interfaces
 * @param name - the interface of the schema itself
 */
export function describeMembers(schema: JsonSchema, source: string, name: string): void {
  const file = ts.createSourceFile('record.ts', source, ts.ScriptTarget.ESNext, true);
  const interfaces = new Map(file.statements.filter(ts.isInterfaceDeclaration).map((one) => [one.name.text, one]));
  const describe = (target: JsonSchema, members: readonly ts.TypeElement[]): void => {
    for (const member of members.filter(ts.isPropertySignature)) {
      const property = target.properties?.[member.name.getText()];
      if (property === undefined) throw new Error(`${name}.${member.name.getText()} is not in the schema`);
      property.description = commentOf(member);
      describe(property.items ?? property, membersOf(member.type, interfaces));
    }
  };
  describe(schema, interfaces.get(name)?.members ?? []);
}

function membersOf(
  type: ts.TypeNode | undefined,
  interfaces: ReadonlyMap<string, ts.InterfaceDeclaration>,
): readonly ts.TypeElement[] {
  if (type === undefined) return [];
  if (ts.isTypeOperatorNode(type)) return membersOf(type.type, interfaces);
  if (ts.isArrayTypeNode(type)) return membersOf(type.elementType, interfaces);
  if (ts.isTypeLiteralNode(type)) return type.members;
  return ts.isTypeReferenceNode(type) ? (interfaces.get(type.typeName.getText())?.members ?? []) : [];
}

function commentOf(member: ts.PropertySignature): string {
  const [comment] = ts.getJSDocCommentsAndTags(member);
  if (comment === undefined) throw new Error(`${member.name.getText()} has no comment`);
  return ts.getTextOfJSDocComment(comment.comment) ?? '';
}
