/**
 * How long the tests search that try what chance gives them. `npm run test:quick` sets `TEST_EFFORT` to a tenth.
 */
const effort = Number(process.env["TEST_EFFORT"] ?? 1)

/** That many tries, or as many as the effort allows; never none. */
export const tries = (count: number): number => Math.max(1, Math.round(count * effort))
