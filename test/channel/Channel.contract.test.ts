import { Channel } from "shared-nothing"
import { channelContract } from "../contract/channelContract.ts"

channelContract("a channel within one thread", {
  make: Channel.make,
  kinds: ["spsc", "mpsc", "mpmc", "broadcast"],
  exactCapacity: true,
  dropsOldest: ["spsc", "mpsc", "mpmc"],
  byReference: true,
  live: false,
  receiverElsewhere: false
})
