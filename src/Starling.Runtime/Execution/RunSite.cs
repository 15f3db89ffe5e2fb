using Starling.Runtime.Containers;

namespace Starling.Runtime.Execution;

/// <summary>On what the commands of one task run.</summary>
/// <param name="Launcher">Starts them, within walls if it has any.</param>
/// <param name="Image">The image that they run in; null: this machine's own programs.</param>
internal sealed record RunSite(ProcessLauncher Launcher, TaskImage? Image = null);
