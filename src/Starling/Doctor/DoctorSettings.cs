using System.Collections.Generic;
using System.Net;

namespace Starling.Doctor;

/// <summary>The command line of <c>doctor</c>.</summary>
internal sealed record DoctorSettings
{
    /// <summary>A task or torrent, as a file or link; null: none.</summary>
    public string? Task { get; init; }

    public string? Dir { get; init; }

    public IPEndPoint? Listen { get; init; }

    public IReadOnlyList<string> Trackers { get; init; } = [];

    public IReadOnlyList<string> DhtRouters { get; init; } = [];

    public bool MapPort { get; init; } = true;

    public bool Json { get; init; }
}
