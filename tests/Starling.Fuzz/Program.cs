using System;
using Starling.Fuzz.Coverage;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz;

/// <summary>The command behind <c>./test --fuzz</c>.</summary>
internal static class Program
{
    private const int Usage = 64;

    private static int Main(string[] args)
    {
        switch (args)
        {
            case ["instrument", string folder]:
                Instrumenter.Copy(AppContext.BaseDirectory, folder);
                return 0;
            case ["run", .. string[] rest] when FuzzRunOptions.TryParse(rest, out FuzzRunOptions? options):
                return new FuzzRun(options).Run() ? 0 : 1;
            default:
                Console.Error.WriteLine(FuzzRunOptions.Help);
                return Usage;
        }
    }
}
