/** What a writing thread is started with. */
export interface Start {
  readonly ring: SharedArrayBuffer
  readonly bell: SharedArrayBuffer
  /** The number that its claims carry. */
  readonly owner: number
  readonly records: number
  /** Whether it stops in the middle of one more record. */
  readonly leavesOneOpen: boolean
}
