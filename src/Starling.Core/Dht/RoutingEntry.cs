using System;
using Starling.Core.Primitives;

namespace Starling.Core.Dht;

/// <summary>What is known of one node of the routing table (BEP 5, routing table).</summary>
internal sealed class RoutingEntry(DhtContact contact, Instant now)
{
    /// <summary>Queries in a row that it left unanswered until it counts as bad.</summary>
    public const int BadFailures = 2;

    /// <summary>How long a sign of life counts.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromMinutes(15);

    /// <summary>Its id and address.</summary>
    public DhtContact Contact { get; } = contact;

    /// <summary>Whether its id fits its address (BEP 42), or need not.</summary>
    public bool IsVerified { get; } = SecureNodeId.IsAcceptable(contact.Id, contact.Address);

    /// <summary>When it last answered.</summary>
    public Instant LastReply { get; set; } = now;

    /// <summary>When it last answered or asked.</summary>
    public Instant LastSeen { get; set; } = now;

    /// <summary>Queries in a row without an answer.</summary>
    public int Failures { get; set; }

    /// <summary>Whether it is being pinged.</summary>
    public bool IsBeingChecked { get; set; }

    /// <summary>It leaves queries unanswered.</summary>
    public bool IsBad => Failures >= BadFailures;

    /// <summary>It answered once, and answered or asked within the last 15 minutes.</summary>
    public bool IsGood(Instant now) => !IsBad && now - LastSeen < Fresh;
}
