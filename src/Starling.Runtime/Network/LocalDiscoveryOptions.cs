using System;
using System.Collections.Generic;
using System.Net;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Runtime.Network;

/// <summary>What a <see cref="LocalDiscovery"/> announces, and how often.</summary>
public sealed record LocalDiscoveryOptions
{
    /// <summary>Where this process listens; decides on which interfaces it is announced.</summary>
    public required IPEndPoint Listener { get; init; }

    /// <summary>Waits after the first announcements (each up to a quarter longer), because a datagram may get lost.</summary>
    public IReadOnlyList<TimeSpan> QuickIntervals { get; init; } = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4)];

    /// <summary>The wait after all further ones (BEP 14), a tenth shorter or longer.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A stranger's announcement is answered by one's own after a random part of this.</summary>
    public TimeSpan AnswerDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Least time between two announcements when strangers come one after the other.</summary>
    public TimeSpan MinAnswerInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>UDP port of the groups.</summary>
    public int GroupPort { get; init; } = LocalDiscoveryMessage.GroupPort;

    /// <summary>Told once, when no interface can be spoken on: what is announced goes on without local discovery. From any thread.</summary>
    public Action<Problem>? Failed { get; init; }
}
