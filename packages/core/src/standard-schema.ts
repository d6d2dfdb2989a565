// The public Standard Schema interface (version 1), structurally: a schema of any library that has it can describe a
// payload, and core needs none of those libraries.

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

export type SchemaResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** A schema whose input and output are one type: a message that stays in the process is not transformed. */
export interface StandardSchema<T = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>;
    readonly types?: { readonly input: T; readonly output: T } | undefined;
  };
}

/**
 * Checks a value at once. A schema that validates asynchronously is refused: waiting for it would let later messages
 * overtake this one. A schema that throws refuses the value: it must cost one message and not a whole link.
 */
export function validate<T>(schema: StandardSchema<T>, value: unknown): SchemaResult<T> {
  try {
    const result = schema['~standard'].validate(value);
    if (!('then' in result)) return result;
    result.catch(() => {});
    return refused('The schema is asynchronous; messages need one that answers at once.');
  } catch (error) {
    return refused(`The schema failed: ${error instanceof Error ? error.message : typeof error}`);
  }
}

const refused = (message: string): SchemaResult<never> => ({ issues: [{ message }] });

/** The issues in one line, with the path of each: `sku: expected a string`. */
export function describeIssues(issues: readonly SchemaIssue[]): string {
  return issues
    .map(({ message, path }) => {
      const at = path?.map((step) => String(typeof step === 'object' ? step.key : step)).join('.');
      return at === undefined || at === '' ? message : `${at}: ${message}`;
    })
    .join('; ');
}
