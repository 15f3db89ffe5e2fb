using System;

namespace Starling.Runtime.Torrents;

/// <summary>Bounds of what is asked from web seeds, and of how long they are waited for.</summary>
public sealed record WebSeedOptions
{
    /// <summary>Redirections that are followed for one request.</summary>
    public const int MaxRedirects = 5;

    /// <summary>Requests at a time to one seed.</summary>
    public int RequestsPerSeed { get; init; } = 2;

    /// <summary>For a connection.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For the first byte of an answer, and between two parts of it.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A seed that failed is left alone for this long, twice as long with every further failure.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest pause, whatever the seed asks for.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The clock of the pauses.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
