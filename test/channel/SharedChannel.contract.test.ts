import { SharedChannel } from "shared-nothing"
import { channelContract } from "../contract/channelContract.ts"

channelContract("a channel between threads, with both ends on one", {
  make: SharedChannel.make,
  kinds: ["spsc"],
  exactCapacity: true,
  dropsOldest: [],
  byReference: false,
  live: true,
  receiverElsewhere: false
})

channelContract("a channel between threads whose capacity is not a number of messages in all, with both ends on one", {
  make: SharedChannel.make,
  kinds: ["mpsc", "broadcast"],
  exactCapacity: false,
  dropsOldest: [],
  byReference: false,
  live: true,
  receiverElsewhere: false
})
