// Whose cases a queue shows: acceptors share a pool, and members have tasks of their own.

export const OWNERS = ["all", "nobody", "me"] as const;
export type Owner = (typeof OWNERS)[number];
const ASKED: Record<string, "owner" | "inspector"> = { acceptor: "owner", member: "inspector" };

export const hasOwners = (role: string | undefined): boolean => role !== undefined && role in ASKED;

/** How the service is asked for it; nothing for all, and for desks that share what they have. */
export function ownerQuery(role: string | undefined, owner: Owner): Record<string, string> {
  const name = role === undefined ? undefined : ASKED[role];
  return name === undefined || owner === "all" ? {} : { [name]: owner };
}
