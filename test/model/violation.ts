/**
 * What a thread or a check throws when a promise is broken. Any other error without a `_tag` is a mistake in the program
 * and ends the exploration.
 */
export class Violation extends Error {
  constructor(message: string) {
    super(message)
    this.name = "Violation"
  }
}
