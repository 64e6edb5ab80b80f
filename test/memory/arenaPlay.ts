/** What the players of an arena and the test that watches them share. */

/** What a player is started with. */
export interface Player {
  readonly owner: number
  readonly players: ReadonlyArray<number>
  readonly seed: number
  readonly arena: SharedArrayBuffer
  readonly control: SharedArrayBuffer
  /** The ring from a player to another one. */
  readonly rings: { readonly [from: number]: { readonly [to: number]: SharedArrayBuffer } }
}

/** Cell that ends the game. */
export const STOP = 0
/** What it holds until then. */
export const GO_ON = 0
/** Cell with the number of the dead player; 0 while all live. */
export const DEAD = 1

/** The cells that a player writes. */
export const cellsOf = (owner: number) => {
  const first = owner * 16
  return {
    /** Steps made. */
    steps: first,
    /** It knows of the dead player and has read what that one had sent. */
    heard: first + 1,
    /** It sends nothing any more. */
    stopped: first + 2,
    /** Words that were not what their owner wrote. */
    torn: first + 3,
    /** Handles that were refused and should not have been. */
    refused: first + 4,
    /** Parcels of the dead player that it freed. */
    freed: first + 5,
    /** References of the dead player that it gave up. */
    released: first + 6
  }
}
