using System;
using Starling.Core.Engine;
using Starling.Core.Primitives;

namespace Starling.Core.Swarm;

/// <summary>
/// When work is first picked: when the neighbours that are known of have told what they do, or did not answer. Picking blindly would repeat
/// what they have.
/// </summary>
internal sealed class JoinGate(NodeContext context, LinkTable links, AddressBook addresses)
{
    /// <summary>The driver tells the addresses that it knows right after it opened the task: work is not picked before.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Instant _openedAt = context.Now;

    /// <summary>Whether <see cref="TryOpen"/> was true once; it stays so.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>When to look again if nothing comes in before.</summary>
    public Instant NextWake => _openedAt + (context.Now - _openedAt < Pause ? Pause : context.Options.JoinPatience);

    /// <summary>Whether work may be picked now.</summary>
    public bool TryOpen() => IsOpen = IsOpen
        || context.Now - _openedAt >= context.Options.JoinPatience
        || (context.Now - _openedAt >= Pause
            && !addresses.HasUntriedVouched(links.HasRoomToConnect(addresses.Pending))
            && LinksHaveTold()
            && SiblingsAreHere());

    private bool LinksHaveTold()
    {
        foreach (PeerLink link in links.All)
        {
            if (link.Stage is LinkStage.AwaitingHandshake or LinkStage.AwaitingIdentity
                || (link.IsEstablished && (!link.Gossip.PositionsKnown || link.Gossip.Announced.Count > 0)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Siblings are known to start just now, whoever of two connects to the other.</summary>
    private bool SiblingsAreHere()
    {
        foreach (PublicKey sibling in context.Options.Siblings)
        {
            if (sibling != context.Self && links.Find(sibling) is null)
            {
                return false;
            }
        }

        return true;
    }
}
