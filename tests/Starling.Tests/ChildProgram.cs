using System;
using System.Diagnostics;
using System.IO;
using Starling.Tests.Runtime.Execution;
using Starling.Tests.Runtime.Storage;

namespace Starling.Tests;

/// <summary>The programs that tests start as processes of their own, to kill them: this assembly with the program's name as first argument.</summary>
internal static class ChildProgram
{
    private const int Usage = 2;

    /// <summary>The program that runs this assembly.</summary>
    public static string Host =>
        Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";

    /// <summary>Starts one; its standard output is redirected.</summary>
    public static Process Start(string name, params string[] arguments)
    {
        return Process.Start(new ProcessStartInfo(Host, [typeof(ChildProgram).Assembly.Location, name, .. arguments])
        {
            RedirectStandardOutput = true,
        })!;
    }

    private static int Main(string[] args) => args switch
    {
        [HeldCommands.Name, string folder, string seconds] => HeldCommands.Hold(folder, seconds),
        [KilledWriter.Name, string root] => KilledWriter.Run(root),
        _ => Usage,
    };
}
