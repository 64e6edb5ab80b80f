/**
 * A small fault that some test must notice. `test/mutants/<layer>.ts` lists those of a layer, `npm run mutants` plants
 * them one at a time.
 */
export interface Mutant {
  /** What the line is for: the promise that breaks when it is changed. */
  readonly why: string
  readonly file: string
  /** Text that stands in the file exactly once. */
  readonly before: string
  readonly after: string
  /** The test files, or vitest filters, one of which must fail. */
  readonly tests: ReadonlyArray<string>
}
