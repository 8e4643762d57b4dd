import { type Discovery, UNREGISTERED } from "../discovery.ts";
import { type NodePlace, NodePlaces, placeFault } from "./node-places.ts";

/**
 * Nodes whose places are known beforehand, by full name; nobody is asked, and nobody is told of this
 * node. A number is a port on the host of the node's name. A node that is in the map itself listens on
 * its port there, unless it is told another one.
 *
 *     staticMap({ "app@db1": 5210, "shop@db2": { port: 5211, address: "10.0.0.7" } })
 *
 * @throws TypeError for what is no node or no place.
 */
export function staticMap(nodes: Readonly<Record<string, number | NodePlace>>): Discovery {
  const places = new Map<string, NodePlace>();
  for (const [node, given] of Object.entries(nodes)) {
    const place = typeof given === "number" ? { port: given } : given;
    const fault = placeFault(node, place);
    if (fault !== undefined) throw new TypeError(`staticMap: ${fault}`);
    places.set(node, { ...place });
  }
  const known = new NodePlaces(places);
  return {
    title: "the static map of nodes",
    listenPortPlease: (name, host) => Promise.resolve(known.find(name, host)?.port),
    register: () => Promise.resolve(UNREGISTERED),
    lookup: (name, host) => Promise.resolve(known.find(name, host)),
    names: (host) => Promise.resolve(known.names(host)),
  };
}
