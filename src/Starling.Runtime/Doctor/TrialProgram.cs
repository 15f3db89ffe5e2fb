using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;

namespace Starling.Runtime.Doctor;

/// <summary>Runs a program of the system that ends by itself, to see whether it works.</summary>
internal static class TrialProgram
{
    /// <summary>Its exit status and the start of all that it printed.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">It can't be started.</exception>
    public static async Task<(int Exit, string Output)> RunAsync(string program, string[] arguments, CancellationToken cancellation)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync(cancellation);
            Task<string> error = process.StandardError.ReadToEndAsync(cancellation);
            string printed = await error.ConfigureAwait(false) + await output.ConfigureAwait(false);
            await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
            return (process.ExitCode, printed);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
