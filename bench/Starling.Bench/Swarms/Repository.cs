using System;
using System.IO;

namespace Starling.Bench.Swarms;

/// <summary>Where the sources, and so the program's start script, lie.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string Program => Path.Combine(Root, "starling");

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Starling.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The bench runs from within the repository.");
    }
}
