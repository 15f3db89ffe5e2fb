using System;

namespace Starling.SystemTests.Dht;

/// <summary>A test that needs libtorrent; skipped where its Python module is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LibtorrentFactAttribute : FactAttribute
{
    public LibtorrentFactAttribute() =>
        Skip = Libtorrent.Python is null ? "python3-libtorrent is not installed (scripts/install-test-tools.sh installs it)" : null;
}

/// <summary>The Python module of libtorrent.</summary>
internal static class Libtorrent
{
    /// <summary>The Python that has the module: the distribution's, if another one comes first in the path. Null: none has.</summary>
    public static string? Python { get; } = Array.Find(["python3", "/usr/bin/python3"], python => NetworkLab.Try(python, "-c", "import libtorrent"));
}
